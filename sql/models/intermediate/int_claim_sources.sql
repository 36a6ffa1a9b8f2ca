with claims as (
    select claim_id, document_id, source_uri, published_on, factuality, evidence
    from {{ ref('int_transfer_claims') }}
    union all
    select claim_id, document_id, source_uri, published_on, factuality, evidence
    from {{ ref('int_relation_claims') }}
),

media as (
    select actor_id from {{ ref('stg_actors') }} where kind = 'media'
    union
    select actor_id from {{ ref('stg_actor_mentions') }} where kind = 'media'
),

outermost as (
    select
        claim_id,
        actor_id
    from {{ ref('int_claim_attributions') }}
    inner join media using (actor_id)
    where depth = 1
),

documents as (
    select
        document_id,
        wire,
        outlet,
        coalesce(url, source_uri) as address
    from {{ ref('int_representatives') }}
),

outlets as (
    select
        lower(alias) as outlet,
        min(actor_id) as actor_id
    from {{ ref('stg_actor_aliases') }}
    inner join media using (actor_id)
    group by lower(alias)
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
        coalesce(
            outermost.actor_id,
            -- What a paper takes from an agency is the agency's.
            document.wire,
            outlets.actor_id,
            nullif(
                trim(regexp_replace(lower(strip_accents(document.outlet)), '[^a-z0-9]+', '-', 'g'), '-'), ''
            ),
            nullif(
                lower(regexp_extract(document.address, '^https?://(?:www\.)?([^/:?#]+)', 1, 'i')), ''
            ),
            claims.document_id
        ) as named_source,
        md5(
            trim(regexp_replace(lower(nfc_normalize(claims.evidence)), '[^\p{L}\p{N}]+', ' ', 'g'))
        ) as wording_id
    from claims
    inner join documents as document using (document_id)
    left join outermost using (claim_id)
    left join outlets on lower(document.outlet) = outlets.outlet
)

select
    claim_id,
    stance,
    case stance when 'asserts' then 1 when 'supposes' then 2 else 3 end as stance_rank,
    named_source,
    wording_id,
    -- Within one document the sentence may tell of several sources; only other documents can be reprints of it.
    case
        when document_id = first_value(document_id) over wording then named_source
        else first_value(named_source) over wording
    end as independent_source
from named
window
    wording as (
        partition by wording_id
        order by published_on nulls last, source_uri, document_id, named_source
    )
