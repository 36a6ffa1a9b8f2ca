select
    document_id,
    extraction_key,
    source_uri,
    url,
    title,
    author,
    outlet,
    published_on,
    published_precision,
    published_from,
    language,
    wire,
    source,
    tags
from {{ ref('stg_documents') }}
qualify row_number() over (
    partition by document_id
    order by
        published_on nulls last,
        source_uri,
        extraction_key,
        -- The same text, title and date at one address: the rest only decides which of the equals is shown.
        outlet nulls last,
        url nulls last,
        author nulls last,
        language nulls last,
        wire nulls last,
        published_from nulls last,
        published_precision nulls last,
        source nulls last,
        tags nulls last
) = 1
