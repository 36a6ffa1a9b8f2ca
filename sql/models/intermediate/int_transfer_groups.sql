with claims as (
    select
        claim.claim_id,
        claim.supplier_id,
        claim.recipient_id,
        claim.category,
        coalesce(weapons.family, claim.weapon) as weapon,
        sources.stance_rank
    from {{ ref('int_transfer_claims') }} as claim
    inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
    left join {{ ref('stg_weapons') }} as weapons using (weapon)
    where
        coalesce(claim.supplier_id, claim.recipient_id) is not null
        and (claim.confidence is null or claim.confidence >= {{ var('least_confidence') }})
),

only_weapons as (
    select
        supplier_id,
        recipient_id,
        category,
        min(weapon) as weapon
    from claims
    group by supplier_id, recipient_id, category
    having count(distinct weapon) = 1
),

keyed as (
    select
        claims.claim_id,
        claims.supplier_id,
        claims.recipient_id,
        claims.category,
        coalesce(claims.weapon, only_weapons.weapon) as weapon,
        claims.stance_rank
    from claims
    left join only_weapons
        on
            claims.supplier_id is not distinct from only_weapons.supplier_id
            and claims.recipient_id is not distinct from only_weapons.recipient_id
            and claims.category = only_weapons.category
),

identified as (
    select
        left(
            md5(
                coalesce(supplier_id, '') || chr(31) || coalesce(recipient_id, '') || chr(31)
                || category || chr(31) || coalesce(weapon, '')
            ),
            16
        ) as transfer_id,
        *
    from keyed
)

select
    transfer_id,
    claim_id,
    supplier_id,
    recipient_id,
    category,
    weapon,
    stance_rank = min(stance_rank) over (partition by transfer_id) as is_basis
from identified
