with sightings as (
    select distinct
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
        tags
    from {{ ref('stg_documents') }}
)

select
    left(md5(cast(to_json(sightings) as varchar)), 16) as sighting_id,
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
    tags
from sightings
