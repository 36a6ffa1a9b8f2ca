with transfers as (
    select
        *,
        status = 'delivered' as is_delivered,
        quantity_unit is not null and coalesce(quantity_low, quantity_high) is not null as is_counted
    from {{ ref('transfers') }}
    where
        corroboration not in ('denied', 'supposed')
        and supplier_party_id is not null
        and recipient_party_id is not null
        and year is not null
),

units as (
    select
        supplier_party_id,
        recipient_party_id,
        category,
        year,
        string_agg(quantity || ' ' || quantity_unit, ';' order by quantity_unit) as quantities
    from (
        select
            supplier_party_id,
            recipient_party_id,
            category,
            year,
            quantity_unit,
            cast(sum(coalesce(quantity_low, quantity_high)) as bigint) as quantity
        from transfers
        where is_counted
        group by supplier_party_id, recipient_party_id, category, year, quantity_unit
    )
    group by supplier_party_id, recipient_party_id, category, year
),

currencies as (
    select
        supplier_party_id,
        recipient_party_id,
        category,
        year,
        string_agg(amount || ' ' || value_currency, ';' order by value_currency) as amounts
    from (
        select
            supplier_party_id,
            recipient_party_id,
            category,
            year,
            value_currency,
            cast(sum(value_amount) as bigint) as amount
        from transfers
        where value_amount is not null and value_currency is not null
        group by supplier_party_id, recipient_party_id, category, year, value_currency
    )
    group by supplier_party_id, recipient_party_id, category, year
),

flows as (
    select
        supplier_party_id,
        recipient_party_id,
        category,
        year,
        count(*) as n_transfers,
        count(*) filter (where is_delivered) as n_delivered,
        count(*) filter (where corroboration = 'disputed') as n_disputed,
        cast(sum(n_claims) as bigint) as n_claims,
        max(n_sources) as n_sources_of_best,
        min(first_reported_on) as first_reported_on,
        max(last_reported_on) as last_reported_on
    from transfers
    group by supplier_party_id, recipient_party_id, category, year
)

select
    flows.supplier_party_id as supplier_id,
    flows.recipient_party_id as recipient_id,
    flows.category,
    flows.year,
    flows.n_transfers,
    flows.n_delivered,
    flows.n_disputed,
    flows.n_claims,
    flows.n_sources_of_best,
    units.quantities,
    currencies.amounts,
    flows.first_reported_on,
    flows.last_reported_on
from flows
left join units using (supplier_party_id, recipient_party_id, category, year)
left join currencies using (supplier_party_id, recipient_party_id, category, year)
