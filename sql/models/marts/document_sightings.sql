with sightings as (
    select
        document_id,
        source_uri,
        url,
        outlet,
        author,
        title,
        published_on,
        language,
        published_precision,
        published_from,
        wire,
        source,
        tags,
        min(raw_digest) as raw_digest
    from {{ ref('stg_documents') }}
    group by all
)

select
    left(md5(cast(json_object(
        'document_id', document_id,
        'source_uri', source_uri,
        'url', url,
        'outlet', outlet,
        'author', author,
        'title', title,
        'published_on', published_on,
        'language', language,
        'published_precision', published_precision,
        'published_from', published_from,
        'wire', wire,
        'source', source,
        'tags', tags
    ) as varchar)), 16) as sighting_id,
    document_id,
    source_uri,
    url,
    outlet,
    author,
    title,
    published_on,
    language,
    published_precision,
    published_from,
    wire,
    source,
    tags,
    raw_digest
from sightings
