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
    source,
    tags,
    -- 'WASHINGTON, June 18 (Reuters) - ', with or without the place.
    nullif(
        trim(regexp_extract(left(text, 200), '^(?:\p{Lu}{2,}[^()\n]{0,80})?\((\p{Lu}[^()\n]{1,39})\)\s*[-\x{2013}\x{2014}]', 1)),
        ''
    ) as wire
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
        language nulls last
) = 1
