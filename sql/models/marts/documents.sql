with texts as (
    select
        extraction_key,
        any_value(text) as text
    from {{ ref('stg_documents') }}
    group by extraction_key
),

sightings as (
    select
        document_id,
        count(*) as n_sightings
    from {{ ref('document_sightings') }}
    group by document_id
)

select
    document.document_id,
    document.source_uri,
    document.title,
    document.published_on,
    document.language,
    texts.text,
    document.url,
    document.author,
    document.outlet,
    sightings.n_sightings,
    extraction.n_sentences,
    extraction.n_sentences_parsed,
    document.published_precision,
    document.published_from,
    document.wire,
    document.source,
    document.tags,
    story.story_id,
    story.n_reprints
from {{ ref('int_representatives') }} as document
inner join texts using (extraction_key)
inner join sightings using (document_id)
inner join {{ ref('int_stories') }} as story using (document_id)
left join {{ ref('stg_extractions') }} as extraction using (extraction_key)
