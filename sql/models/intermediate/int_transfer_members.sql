with life_cycle (status, step, stop) as (
    values
    ('requested', 1, null),
    ('offered', 2, null),
    ('planned', 3, null),
    ('negotiated', 4, null),
    ('ordered', 5, null),
    ('approved', 6, null),
    ('in_transit', 7, null),
    ('delivered', 8, null),
    ('suspended', null, 1),
    ('cancelled', null, 2),
    ('seized', null, 3)
),

-- Who vouches for a claim: the innermost source that is named.
vouchers as (
    select
        attribution.claim_id,
        attribution.actor_id as voucher_id,
        case
            when profile.kind in ('state_organ', 'company', 'person')
                then coalesce(profile.country, attribution.actor_id)
            when profile.kind = 'media' then null
            else attribution.actor_id
        end as voucher_party
    from {{ ref('int_claim_attributions') }} as attribution
    left join {{ ref('int_actor_profiles') }} as profile using (actor_id)
    where attribution.actor_id is not null
    qualify row_number() over (partition by attribution.claim_id order by attribution.depth desc) = 1
)

select
    groups.transfer_id,
    claim.claim_id,
    groups.supplier_party,
    groups.recipient_party,
    groups.supplier_shown,
    groups.recipient_shown,
    groups.category,
    groups.weapon,
    groups.is_basis,
    groups.is_anchor,
    claim.document_id,
    claim.published_on,
    coalesce(claim.published_on, date '0001-01-01') as reported_on,
    claim.intermediary_ids,
    claim.origin_id,
    claim.approved_by_id,
    claim.materiel,
    claim.quantity_low,
    claim.quantity_high,
    claim.quantity_unit,
    claim.value_amount,
    claim.value_currency,
    claim.status,
    life_cycle.step,
    life_cycle.stop,
    claim.factuality,
    list_position(['CT+', 'PR+', 'PS+', 'Uu', 'CT-', 'PR-', 'PS-'], claim.factuality) as doubt,
    claim.basis,
    claim.date_start,
    claim.date_end,
    claim.confidence,
    sources.stance,
    sources.publisher_id,
    sources.independent_source,
    coalesce(
        sources.stance = 'asserts' and vouchers.voucher_party in (groups.supplier_party, groups.recipient_party), false
    ) as is_admission,
    coalesce(vouchers.voucher_id, claim.attribution, sources.publisher_id) as told_by
from {{ ref('int_reviewed_groups') }} as groups
inner join {{ ref('transfer_claims') }} as claim using (claim_id)
inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
left join life_cycle using (status)
left join vouchers using (claim_id)
