with items as (
    select
        *,
        case when category not in ('unspecified', 'funding') then category end as known_category
    from {{ ref('int_transfer_items') }}
),

-- 'Weapons', where the two parties are told to deal in one kind of materiel only.
specified as (
    select
        * exclude (known_category)
        replace (
            case
                when
                    category = 'unspecified'
                    and coalesce(quantity, value_amount) is null
                    and supplier_party is not null
                    and recipient_party is not null
                    and min(known_category) over around = max(known_category) over around
                    then min(known_category) over around
                else category
            end as category
        )
    from items
    window
        around as (
            partition by supplier_party, recipient_party
            order by day
            range between interval {{ var('vicinity_days') }} days preceding and interval {{ var('vicinity_days') }} days following
        )
),

-- A party that the claim does not tell, where others tell of one only.
complete as (
    select
        * replace (
            coalesce(
                supplier_party,
                case
                    when weapon is not null and min(supplier_party) over to_weapon = max(supplier_party) over to_weapon
                        then min(supplier_party) over to_weapon
                    when weapon is null and min(supplier_party) over to_category = max(supplier_party) over to_category
                        then min(supplier_party) over to_category
                end
            ) as supplier_party,
            coalesce(
                recipient_party,
                case
                    when weapon is not null and min(recipient_party) over of_weapon = max(recipient_party) over of_weapon
                        then min(recipient_party) over of_weapon
                    when weapon is null and min(recipient_party) over of_category = max(recipient_party) over of_category
                        then min(recipient_party) over of_category
                end
            ) as recipient_party
        )
    from specified
    window
        to_weapon as (
            partition by recipient_party, category, weapon
            order by day
            range between interval {{ var('vicinity_days') }} days preceding and interval {{ var('vicinity_days') }} days following
        ),
        to_category as (
            partition by recipient_party, category
            order by day
            range between interval {{ var('vicinity_days') }} days preceding and interval {{ var('vicinity_days') }} days following
        ),
        of_weapon as (
            partition by supplier_party, category, weapon
            order by day
            range between interval {{ var('vicinity_days') }} days preceding and interval {{ var('vicinity_days') }} days following
        ),
        of_category as (
            partition by supplier_party, category
            order by day
            range between interval {{ var('vicinity_days') }} days preceding and interval {{ var('vicinity_days') }} days following
        )
),

-- A weapon that the claim does not name: the one of the same number or amount, else the only one.
armed as (
    select
        * replace (
            coalesce(
                weapon,
                case
                    when quantity is not null and min(weapon) over alike = max(weapon) over alike
                        then min(weapon) over alike
                end,
                case
                    when value_amount is not null and min(weapon) over priced = max(weapon) over priced
                        then min(weapon) over priced
                end,
                case when min(weapon) over around = max(weapon) over around then min(weapon) over around end
            ) as weapon
        )
    from complete
    window
        alike as (
            partition by supplier_party, recipient_party, category, measure, quantity
            order by day range between interval 1100 days preceding and interval 1100 days following
        ),
        priced as (
            partition by supplier_party, recipient_party, category, value_currency, value_amount
            order by day range between interval 1100 days preceding and interval 1100 days following
        ),
        around as (
            partition by supplier_party, recipient_party, category
            order by day range between interval 730 days preceding and interval 730 days following
        )
)

select
    claim_id,
    coalesce(supplier_party, '') || '>' || coalesce(recipient_party, '') || '/' || category || '/'
    || coalesce(weapon, '') as block,
    published_on,
    supplier_party,
    recipient_party,
    supplier_shown,
    recipient_shown,
    category,
    weapon,
    status,
    stage,
    is_assertion,
    quantity,
    measure,
    value_amount,
    value_currency,
    day
from armed
