with members as (
    select
        document.document_id,
        document.source_uri,
        document.published_on,
        document.wire,
        coalesce(story.story_id, document.document_id) as story_key
    from {{ ref('int_representatives') }} as document
    left join {{ ref('stg_stories') }} as story using (document_id)
)

select
    document_id,
    -- The first of those that are there: a lake from which documents were taken keeps ids that lead somewhere.
    first_value(document_id) over (
        partition by story_key
        order by published_on nulls last, document_id
    ) as story_id,
    first_value(document_id) over (
        partition by story_key
        order by wire is null, published_on nulls last, document_id
    ) as voice_id,
    count(*) over (partition by story_key) - 1 as n_reprints
from members
