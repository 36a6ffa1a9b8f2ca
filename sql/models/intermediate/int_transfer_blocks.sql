with items as (
    select * from {{ ref('int_transfer_items') }}
),

-- What others tell is put together by day first, so that no claim is compared with more rows than there are days.
categories as (
    select
        supplier_party,
        recipient_party,
        day,
        min(category) as first_category,
        max(category) as last_category
    from items
    where category not in ('unspecified', 'funding')
    group by supplier_party, recipient_party, day
),

-- 'Weapons', where the two parties are told to deal in one kind of materiel only.
only_categories as (
    select
        items.claim_id,
        min(categories.first_category) as category
    from items
    inner join categories using (supplier_party, recipient_party)
    where
        items.category = 'unspecified'
        and coalesce(items.quantity, items.value_amount) is null
        and abs(items.day - categories.day) <= {{ var('vicinity_days') }}
    group by items.claim_id
    having min(categories.first_category) = max(categories.last_category)
),

specified as (
    select items.* replace (coalesce(only_categories.category, items.category) as category)
    from items
    left join only_categories using (claim_id)
),

-- Who else deals in the same weapon, or in anything of the same category.
dealings as (
    select distinct
        supplier_party,
        recipient_party,
        category,
        coalesce(weapon, '') as weapon,
        day
    from specified
    where supplier_party is not null and recipient_party is not null
),

suppliers as (
    select
        recipient_party,
        category,
        weapon,
        day,
        min(supplier_party) as first_party,
        max(supplier_party) as last_party
    from dealings
    where weapon != ''
    group by recipient_party, category, weapon, day
    union all
    select
        recipient_party,
        category,
        '' as weapon,
        day,
        min(supplier_party) as first_party,
        max(supplier_party) as last_party
    from dealings
    group by recipient_party, category, day
),

recipients as (
    select
        supplier_party,
        category,
        weapon,
        day,
        min(recipient_party) as first_party,
        max(recipient_party) as last_party
    from dealings
    where weapon != ''
    group by supplier_party, category, weapon, day
    union all
    select
        supplier_party,
        category,
        '' as weapon,
        day,
        min(recipient_party) as first_party,
        max(recipient_party) as last_party
    from dealings
    group by supplier_party, category, day
),

-- A party that the claim does not tell, where others tell of one only.
only_parties as (
    select
        claim.claim_id,
        min(suppliers.first_party) as party
    from specified as claim
    inner join suppliers
        on
            claim.recipient_party = suppliers.recipient_party
            and claim.category = suppliers.category
            and coalesce(claim.weapon, '') = suppliers.weapon
    where claim.supplier_party is null and abs(claim.day - suppliers.day) <= {{ var('vicinity_days') }}
    group by claim.claim_id
    having min(suppliers.first_party) = max(suppliers.last_party)
    union all
    select
        claim.claim_id,
        min(recipients.first_party) as party
    from specified as claim
    inner join recipients
        on
            claim.supplier_party = recipients.supplier_party
            and claim.category = recipients.category
            and coalesce(claim.weapon, '') = recipients.weapon
    where claim.recipient_party is null and abs(claim.day - recipients.day) <= {{ var('vicinity_days') }}
    group by claim.claim_id
    having min(recipients.first_party) = max(recipients.last_party)
),

complete as (
    select
        specified.* replace (
            coalesce(specified.supplier_party, only_parties.party) as supplier_party,
            coalesce(specified.recipient_party, only_parties.party) as recipient_party
        )
    from specified
    left join only_parties using (claim_id)
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
