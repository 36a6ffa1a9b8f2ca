with claims as (
    select claim_id, document_id, source_uri, published_on, factuality, evidence
    from {{ ref('transfer_claims') }}
    union all
    select claim_id, document_id, source_uri, published_on, factuality, evidence
    from {{ ref('relation_claims') }}
),

media as (
    select actor_id from {{ ref('stg_actors') }} where kind = 'media'
    union
    select actor_id from {{ ref('stg_actor_mentions') }} where kind = 'media'
),

-- Who said it first, of those that the chain of sources names: five papers that cite a sixth are one source, and so
-- are five that cite one ministry. A description in words names nobody; two of them may be two people.
original as (
    select
        claim_id,
        actor_id
    from {{ ref('int_claim_attributions') }}
    where actor_id is not null
    qualify row_number() over (partition by claim_id order by depth desc) = 1
),

outlets as (
    select
        lower(alias) as outlet,
        min(actor_id) as actor_id
    from {{ ref('stg_actor_aliases') }}
    inner join media using (actor_id)
    group by lower(alias)
),

publishers as (
    select
        document.document_id,
        document.wire,
        coalesce(
            outlets.actor_id,
            nullif(
                trim(regexp_replace(lower(strip_accents(document.outlet)), '[^a-z0-9]+', '-', 'g'), '-'),
                ''
            ),
            nullif(
                lower(
                    regexp_extract(
                        coalesce(document.url, document.source_uri), '^https?://(?:www\.)?([^/:?#]+)', 1, 'i'
                    )
                ),
                ''
            ),
            document.document_id
        ) as publisher_id
    from {{ ref('int_representatives') }} as document
    left join outlets on lower(document.outlet) = outlets.outlet
),

documents as (
    select
        story.document_id,
        story.story_id,
        own.publisher_id,
        -- What a paper takes from an agency is the agency's.
        coalesce(own.wire, own.publisher_id) as publisher,
        coalesce(voice.wire, voice.publisher_id) as story_publisher
    from {{ ref('int_stories') }} as story
    inner join publishers as own using (document_id)
    inner join publishers as voice on story.voice_id = voice.document_id
),

named as (
    select
        claims.claim_id,
        claims.document_id,
        claims.source_uri,
        claims.published_on,
        case
            when claims.factuality in ('CT-', 'PR-', 'PS-') then 'denies'
            when claims.factuality = 'Uu' then 'supposes'
            else 'asserts'
        end as stance,
        document.story_id,
        document.publisher_id,
        coalesce(original.actor_id, document.publisher) as named_source,
        -- Whatever a reprint tells is told by the story's own publisher.
        coalesce(original.actor_id, document.story_publisher) as voice,
        md5(
            replace(regexp_replace(lower(nfc_normalize(claims.evidence)), '[^\p{L}\p{N} ]+', '', 'g'), ' ', '')
        ) as wording_id
    from claims
    inner join documents as document using (document_id)
    left join original using (claim_id)
)

select
    claim_id,
    stance,
    case stance when 'asserts' then 1 when 'supposes' then 2 else 3 end as stance_rank,
    named_source,
    publisher_id,
    wording_id,
    -- Within one story the sentence may tell of several sources; only other stories can be reprints of it.
    case
        when story_id = first_value(story_id) over wording then voice
        else first_value(voice) over wording
    end as independent_source
from named
window
    wording as (
        partition by wording_id
        order by published_on nulls last, source_uri, document_id, voice
    )
