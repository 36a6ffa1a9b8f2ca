select
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
    text,
    -- The same sighting may have come in twice, as a page whose frame has changed.
    min(nullif(raw_digest, '')) as raw_digest
from {{ source('lake', 'documents') }}
group by all
