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

addresses as (
    select
        document_id,
        -- What a paper takes from an agency is the agency's.
        unnest([coalesce(wire, outlet), outlet]) as name,
        unnest(['credited', 'publisher']) as role,
        coalesce(
            nullif(lower(regexp_extract(coalesce(url, source_uri), '^https?://(?:www\.)?([^/:?#]+)', 1, 'i')), ''),
            document_id
        ) as host
    from {{ ref('int_representatives') }}
),

documents as (
    select
        document_id,
        any_value(outlet_id) filter (where role = 'credited') as credited_id,
        any_value(outlet_id) filter (where role = 'publisher') as publisher_id
    from (
        select
            addresses.document_id,
            addresses.role,
            coalesce(
                outlets.actor_id,
                nullif(trim(regexp_replace(lower(strip_accents(addresses.name)), '[^a-z0-9]+', '-', 'g'), '-'), ''),
                addresses.host
            ) as outlet_id
        from addresses
        left join outlets on lower(addresses.name) = outlets.outlet
    )
    group by document_id
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
        coalesce(original.actor_id, document.credited_id) as named_source,
        document.publisher_id,
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
