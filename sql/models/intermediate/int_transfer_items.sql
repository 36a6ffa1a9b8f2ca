with parties as (
    select
        actor_id,
        case
            when kind in ('state_organ', 'company') then coalesce(country, actor_id)
            else actor_id
        end as party_id,
        case when kind = 'state_organ' then coalesce(country, actor_id) else actor_id end as shown_id
    from {{ ref('int_actor_profiles') }}
),

stages (status, stage) as (
    values
    ('requested', 'plan'),
    ('offered', 'plan'),
    ('planned', 'plan'),
    ('negotiated', 'plan'),
    ('ordered', 'contract'),
    ('approved', 'contract'),
    ('in_transit', 'movement'),
    ('delivered', 'movement'),
    ('suspended', 'stop'),
    ('cancelled', 'stop'),
    ('seized', 'stop')
),

claims as (
    select
        claim.claim_id,
        claim.published_on,
        claim.supplier_id,
        claim.recipient_id,
        coalesce(supplier.party_id, claim.supplier_id) as supplier_party,
        coalesce(recipient.party_id, claim.recipient_id) as recipient_party,
        coalesce(supplier.shown_id, claim.supplier_id) as supplier_shown,
        coalesce(recipient.shown_id, claim.recipient_id) as recipient_shown,
        coalesce(weapons.category, claim.category) as category,
        coalesce(weapons.family, claim.weapon) as weapon,
        claim.status,
        stages.stage,
        claim.factuality in ('CT+', 'PR+', 'PS+') as is_assertion,
        -- A number that is told as one; 'dozens' is none.
        case
            when claim.quantity_high <= 1.3 * claim.quantity_low then claim.quantity_high
            when claim.quantity_high is null then claim.quantity_low
            when claim.quantity_low is null then claim.quantity_high
        end as quantity,
        case
            when units.holds in ('item', 'weapon', 'ammunition') then 'item'
            else coalesce(claim.quantity_unit, 'item')
        end as measure,
        claim.value_amount,
        claim.value_currency,
        -- When it happened, of what has happened; else when it was told.
        case
            when
                stages.stage in ('movement', 'stop')
                and claim.date_end <= coalesce(claim.published_on, claim.date_end)
                then claim.date_end
            else claim.published_on
        end as known_day
    from {{ ref('transfer_claims') }} as claim
    left join parties as supplier on claim.supplier_id = supplier.actor_id
    left join parties as recipient on claim.recipient_id = recipient.actor_id
    left join {{ ref('stg_weapons') }} as weapons using (weapon)
    left join {{ ref('stg_units') }} as units on claim.quantity_unit = units.unit
    left join stages using (status)
    where
        coalesce(claim.supplier_id, claim.recipient_id) is not null
        and claim.review is distinct from 'rejected'
        and (
            claim.confidence is null
            or claim.confidence >= {{ var('least_confidence') }}
            or claim.review in ('confirmed', 'corrected')
        )
)

select
    claim_id,
    published_on,
    -- A company that deals with its own state, or an organ with another of the same state, is told apart from it.
    case when supplier_party = recipient_party then supplier_id else supplier_party end as supplier_party,
    case when supplier_party = recipient_party then recipient_id else recipient_party end as recipient_party,
    case when supplier_party = recipient_party then supplier_id else supplier_shown end as supplier_shown,
    case when supplier_party = recipient_party then recipient_id else recipient_shown end as recipient_shown,
    category,
    weapon,
    status,
    stage,
    is_assertion,
    quantity,
    measure,
    value_amount,
    value_currency,
    coalesce(
        known_day,
        max(known_day) over (partition by supplier_party, recipient_party, category),
        date '2000-01-01'
    ) as day
from claims
