select distinct
    document_id,
    extraction_key,
    source_uri,
    nullif(url, '') as url,
    nullif(title, '') as title,
    nullif(author, '') as author,
    nullif(outlet, '') as outlet,
    published_on,
    published_precision,
    published_from,
    language,
    wire,
    source,
    tags,
    text
from {{ source('lake', 'documents') }}
