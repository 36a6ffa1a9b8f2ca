with life_cycle (status, step) as (
    values
    ('requested', 1),
    ('offered', 2),
    ('planned', 3),
    ('negotiated', 4),
    ('ordered', 5),
    ('approved', 6),
    ('in_transit', 7),
    ('delivered', 8)
),

stops (status, weight) as (
    values
    ('suspended', 1),
    ('cancelled', 2),
    ('seized', 3)
),

claims as (
    select
        groups.transfer_id,
        groups.supplier_id,
        groups.recipient_id,
        groups.category,
        groups.weapon,
        groups.is_basis,
        claim.* exclude (supplier_id, recipient_id, category, weapon),
        sources.stance,
        sources.independent_source,
        coalesce(claim.published_on, date '0001-01-01') as reported_on,
        life_cycle.step,
        stops.weight
    from {{ ref('int_transfer_groups') }} as groups
    inner join {{ ref('int_transfer_claims') }} as claim using (claim_id)
    inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
    left join life_cycle using (status)
    left join stops using (status)
),

groups as (
    select
        transfer_id,
        supplier_id,
        recipient_id,
        category,
        weapon,
        count(*) as n_claims,
        count(distinct independent_source) filter (where is_basis) as n_sources,
        count(*) filter (where stance = 'denies') as n_denials,
        count(distinct document_id) as n_documents,
        min(published_on) as first_reported_on,
        max(published_on) as last_reported_on,
        max(confidence) as confidence
    from claims
    group by transfer_id, supplier_id, recipient_id, category, weapon
),

basis as (
    select * from claims where is_basis
),

progress as (
    select
        transfer_id,
        case
            when max(step) = 8 then 'delivered'
            when
                max(reported_on) filter (where weight is not null)
                >= coalesce(max(reported_on) filter (where step is not null), date '0001-01-01')
                then arg_max(status, {'on': reported_on, 'weight': weight}) filter (where weight is not null)
            else arg_max(status, step)
        end as status
    from basis
    group by transfer_id
),

certainty as (
    select
        basis.transfer_id,
        basis.status,
        arg_min(
            basis.factuality,
            list_position(['CT+', 'PR+', 'PS+', 'Uu', 'CT-', 'PR-', 'PS-'], basis.factuality)
        ) as factuality
    from basis
    semi join progress using (transfer_id, status)
    group by basis.transfer_id, basis.status
),

extents as (
    select
        transfer_id,
        -- Open ends stay open, and a bound of one claim never cuts off what another one says.
        case when count(date_start) > 0 then least(min(date_start), min(date_end)) end as date_start,
        case when count(date_end) > 0 then greatest(max(date_end), max(date_start)) end as date_end,
        case when count(distinct origin_id) = 1 then min(origin_id) end as origin_id,
        case when count(distinct approved_by_id) = 1 then min(approved_by_id) end as approved_by_id
    from basis
    group by transfer_id
),

intermediaries as (
    select
        transfer_id,
        string_agg(distinct intermediary_id, ';' order by intermediary_id) as intermediary_ids
    from (
        select
            transfer_id,
            unnest(string_split(intermediary_ids, ';')) as intermediary_id
        from basis
    )
    where intermediary_id != ''
    group by transfer_id
),

wordings as (
    select
        transfer_id,
        materiel
    from basis
    group by transfer_id, materiel
    qualify row_number() over (
        partition by transfer_id
        order by count(*) desc, length(materiel), materiel
    ) = 1
),

quantities as (
    select
        transfer_id,
        quantity_unit,
        case when count(quantity_low) > 0 then least(min(quantity_low), min(quantity_high)) end as quantity_low,
        case when count(quantity_high) > 0 then greatest(max(quantity_high), max(quantity_low)) end as quantity_high
    from basis
    where coalesce(quantity_low, quantity_high) is not null
    group by transfer_id, quantity_unit
    qualify row_number() over (
        partition by transfer_id
        order by count(*) desc, quantity_unit nulls last
    ) = 1
),

amounts as (
    select
        transfer_id,
        value_currency,
        max(value_amount) as value_amount
    from basis
    where value_amount is not null
    group by transfer_id, value_currency
    qualify row_number() over (
        partition by transfer_id
        order by count(*) desc, value_currency nulls last
    ) = 1
)

select
    groups.transfer_id,
    groups.supplier_id,
    groups.recipient_id,
    groups.category,
    groups.weapon,
    certainty.status,
    quantities.quantity_low,
    quantities.quantity_high,
    quantities.quantity_unit,
    extents.date_start,
    extents.date_end,
    groups.n_claims,
    groups.n_sources,
    groups.n_denials,
    groups.first_reported_on,
    groups.last_reported_on,
    certainty.factuality,
    wordings.materiel,
    intermediaries.intermediary_ids,
    extents.origin_id,
    extents.approved_by_id,
    amounts.value_amount,
    amounts.value_currency,
    groups.n_documents,
    groups.confidence
from groups
inner join certainty using (transfer_id)
inner join extents using (transfer_id)
inner join wordings using (transfer_id)
left join intermediaries using (transfer_id)
left join quantities using (transfer_id)
left join amounts using (transfer_id)
