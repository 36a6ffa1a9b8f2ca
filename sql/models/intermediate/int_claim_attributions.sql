with claims as (
    select claim_id, document_id, published_on, attribution, evidence_marks
    from {{ ref('transfer_claims') }}
    where attribution is not null
    union all
    select claim_id, document_id, published_on, attribution, evidence_marks
    from {{ ref('relation_claims') }}
    where attribution is not null
),

texts as (
    select
        document_id,
        any_value(text) as text
    from {{ ref('stg_documents') }}
    group by document_id
),

marks as (
    select
        claim_id,
        document_id,
        regexp_extract(unnest(string_split(evidence_marks, ';')), '^attribution=(\d+):(\d+)$', ['low', 'high']) as span
    from claims
),

wordings as (
    select
        marks.claim_id,
        substring(texts.text, span.low::bigint + 1, span.high::bigint - span.low::bigint) as words
    from marks
    inner join texts using (document_id)
    where span.low != ''
),

sources as (
    select
        claim_id,
        published_on,
        unnest(string_split(attribution, ' > ')) as source,
        generate_subscripts(string_split(attribution, ' > '), 1) as depth
    from claims
),

known as (
    select actor_id from {{ ref('stg_actors') }}
    union
    select actor_id
    from {{ ref('stg_actor_mentions') }}
    inner join {{ ref('int_representatives') }} using (extraction_key)
)

select
    sources.claim_id,
    sources.published_on,
    sources.depth,
    sources.source,
    -- A description stands as the text has it ('the diplomat said'), though an actor may have an id of that form.
    case when wordings.words is null then known.actor_id end as actor_id
from sources
left join known on sources.source = known.actor_id
left join wordings
    on
        sources.claim_id = wordings.claim_id
        and sources.source = wordings.words
qualify row_number() over (partition by sources.claim_id, sources.depth) = 1
