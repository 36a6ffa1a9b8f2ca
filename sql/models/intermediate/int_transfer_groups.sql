with deals as (
    select
        block,
        deal,
        min(day) as start_day,
        max(day) as end_day,
        bool_or(stage = 'contract') as is_contract,
        max(quantity) as quantity,
        arg_max(measure, quantity) as measure
    from {{ ref('int_transfer_deals') }}
    group by block, deal
),

followers as (
    select *
    from {{ ref('int_transfer_blocks') }}
    anti join {{ ref('int_transfer_deals') }} using (claim_id)
),

numbers as (
    select distinct block, measure, quantity, deal, min(day) over (partition by deal) as start_day
    from {{ ref('int_transfer_deals') }}
    where quantity is not null
),

amounts as (
    select distinct block, value_currency, value_amount, deal, min(day) over (partition by deal) as start_day
    from {{ ref('int_transfer_deals') }}
    where value_amount is not null
),

candidates as (
    select
        followers.*,
        -- The very number or amount of a deal, which may be told shortly before the deal itself.
        coalesce(
            case when followers.day - numbers.start_day <= 3650 then numbers.deal end,
            case when followers.day - amounts.start_day <= 3650 then amounts.deal end
        ) as same_figure,
        before.deal as deal_before,
        before.is_contract as before_is_contract,
        before.quantity as quantity_before,
        before.measure as measure_before,
        followers.day - before.start_day as days_since_start,
        followers.day - before.end_day as days_since_end,
        after.deal as deal_after,
        after.quantity as quantity_after,
        after.measure as measure_after,
        after.start_day - followers.day as days_until
    from followers
    asof left join numbers
        on
            followers.block = numbers.block
            and followers.measure = numbers.measure
            and followers.quantity = numbers.quantity
            and followers.day + 60 >= numbers.start_day
    asof left join amounts
        on
            followers.block = amounts.block
            and followers.value_currency = amounts.value_currency
            and followers.value_amount = amounts.value_amount
            and followers.day + 60 >= amounts.start_day
    asof left join deals as before
        on followers.block = before.block and followers.day >= before.start_day
    asof left join deals as after
        on followers.block = after.block and followers.day < after.start_day
),

settled as (
    select
        *,
        case
            when same_figure is not null then same_figure
            -- A stop of another number stops something else.
            when stage = 'stop' and coalesce(quantity, value_amount) is not null then null
            when
                days_since_end <= case when before_is_contract then 2190 else 1100 end
                and (
                    quantity is null
                    or quantity_before is null
                    or measure != measure_before
                    or quantity <= 1.05 * quantity_before
                    -- A pledge may be outdone, but not on the day that it is made.
                    or (not before_is_contract and days_since_start > 7 and quantity <= 2 * quantity_before)
                )
                then deal_before
            when
                days_until <= case when stage = 'plan' then 730 else 60 end
                and (
                    quantity is null
                    or quantity_after is null
                    or measure != measure_after
                    or quantity <= 1.05 * quantity_after
                )
                then deal_after
        end as deal
    from candidates
),

-- What is of no deal with a number: a flow for as long as its reports do not cease; seizures day by day, each with
-- the reports of the shipment on its way; a stop of a number by itself.
loose as (
    select
        *,
        status = 'seized' or (status = 'in_transit' and coalesce(bool_or(status = 'seized') over around, false))
            as is_seizure,
        case when stage = 'stop' and status != 'seized' then quantity end as stopped_number
    from settled
    where deal is null
    window
        around as (
            partition by block order by day
            range between interval 45 days preceding and interval 45 days following
        )
),

flows as (
    select
        *,
        sum(is_new) over (partition by block, is_seizure, stopped_number order by day, claim_id) as flow
    from (
        select
            *,
            coalesce(
                day - lag(day) over (partition by block, is_seizure, stopped_number order by day, claim_id)
                > case when is_seizure then 45 else 550 end,
                true
            )::integer as is_new
        from loose
    )
),

grouped as (
    select
        claim_id,
        deal as cluster
    from {{ ref('int_transfer_deals') }}
    union all
    select
        claim_id,
        deal as cluster
    from settled
    where deal is not null
    union all
    select
        claim_id,
        min(claim_id) over (partition by block, is_seizure, stopped_number, flow) as cluster
    from flows
),

anchored as (
    select
        grouped.cluster,
        blocks.*,
        first_value(blocks.claim_id) over (
            partition by grouped.cluster order by blocks.published_on nulls last, blocks.claim_id
        ) as anchor_id
    from grouped
    inner join {{ ref('int_transfer_blocks') }} as blocks using (claim_id)
)

select
    left(md5(anchor_id), 16) as transfer_id,
    anchored.claim_id,
    anchored.supplier_party,
    anchored.recipient_party,
    anchored.supplier_shown,
    anchored.recipient_shown,
    anchored.category,
    anchored.weapon,
    anchored.claim_id = anchored.anchor_id as is_anchor,
    sources.stance_rank = min(sources.stance_rank) over (partition by anchored.cluster) as is_basis
from anchored
inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
