with transfer_claims as (
    select
        claim_id,
        published_on,
        unnest(
            list_concat(
                [supplier_id, recipient_id, origin_id, approved_by_id],
                string_split(intermediary_ids, ';')
            )
        ) as actor_id
    from {{ ref('transfer_claims') }}
),

relation_claims as (
    select
        claim_id,
        published_on,
        unnest([subject_id, object_id]) as actor_id
    from {{ ref('relation_claims') }}
),

-- A state whose organ or company is named, and a party that other claims tell.
parties as (
    select
        claim_id,
        published_on,
        unnest([supplier_shown, recipient_shown, supplier_party, recipient_party]) as actor_id
    from {{ ref('int_transfer_members') }}
),

affiliations as (
    select
        document.published_on,
        unnest([affiliation.person_id, affiliation.actor_id]) as actor_id
    from {{ ref('stg_affiliations') }} as affiliation
    inner join {{ ref('int_representatives') }} as document using (extraction_key)
)

select actor_id, claim_id, published_on from transfer_claims where nullif(actor_id, '') is not null
union
select actor_id, claim_id, published_on from relation_claims where nullif(actor_id, '') is not null
union
select actor_id, claim_id, published_on from {{ ref('int_claim_attributions') }} where actor_id is not null
union
select actor_id, claim_id, published_on from parties where actor_id is not null
union
select actor_id, null as claim_id, published_on from affiliations
