with founders as (
    select *
    from {{ ref('int_transfer_blocks') }}
    where
        stage in ('plan', 'contract')
        and is_assertion
        and coalesce(quantity, value_amount) is not null
),

-- Numbers that differ by no more than rounding stand in one bucket, amounts of money likewise.
quantity_buckets as (
    select
        claim_id,
        sum(is_step) over (partition by block, measure order by quantity, claim_id) as bucket
    from (
        select
            *,
            coalesce(quantity > 1.05 * lag(quantity) over by_size, true)::integer as is_step
        from founders
        where quantity is not null
        window by_size as (partition by block, measure order by quantity, claim_id)
    )
),

value_buckets as (
    select
        claim_id,
        value_currency || ' ' || sum(is_step) over (
            partition by block, value_currency order by value_amount, claim_id
        ) as bucket
    from (
        select
            *,
            coalesce(value_amount > 1.1 * lag(value_amount) over by_size, true)::integer as is_step
        from founders
        where value_amount is not null
        window by_size as (partition by block, value_currency order by value_amount, claim_id)
    )
),

sized as (
    select
        founders.*,
        founders.measure || ' ' || quantity_buckets.bucket as size,
        value_buckets.bucket as price
    from founders
    left join quantity_buckets using (claim_id)
    left join value_buckets using (claim_id)
),

-- A claim that tells the money alone is of the number that others tell with that money, and the other way round.
figures as (
    select
        *,
        coalesce(
            size,
            last_value(size ignore nulls) over of_price,
            first_value(size ignore nulls) over of_price_later,
            'price ' || price
        ) as figure
    from sized
    window
        of_price as (partition by block, price order by day, claim_id rows unbounded preceding),
        of_price_later as (
            partition by block, price order by day, claim_id rows between current row and unbounded following
        )
),

priced as (
    select
        * replace (
            coalesce(
                price,
                last_value(price ignore nulls) over of_figure,
                first_value(price ignore nulls) over of_figure_later,
                ''
            ) as price
        )
    from figures
    window
        of_figure as (partition by block, figure order by day, claim_id rows unbounded preceding),
        of_figure_later as (
            partition by block, figure order by day, claim_id rows between current row and unbounded following
        )
),

-- The same number again after years: a contract that is recalled, but a plan that is new.
islands as (
    select
        *,
        sum(is_new) over (partition by block, figure, price order by day, claim_id) as island
    from (
        select
            *,
            coalesce(
                day - lag(day) over (partition by block, figure, price order by day, claim_id)
                > case when stage = 'contract' then 3650 else 730 end,
                true
            )::integer as is_new
        from priced
    )
),

deals as (
    select
        block,
        figure,
        price,
        island,
        min(claim_id) as deal,
        min(day) as start_day,
        max(day) as end_day,
        bool_or(stage = 'contract') as is_contract,
        bool_and(status = 'planned' and value_amount is null) as is_number_planned,
        max(quantity) as quantity,
        max(measure) filter (where quantity is not null) as measure
    from islands
    group by block, figure, price, island
),

-- Pledges that follow each other with numbers of one order are one that is raised.
plan_chains as (
    select
        *,
        sum(is_new) over (partition by block order by start_day, deal) as chain
    from (
        select
            *,
            not coalesce(
                start_day - lag(start_day) over in_time <= {{ var('vicinity_days') }}
                and quantity / lag(quantity) over in_time between 0.4 and 2.5
                and measure = lag(measure) over in_time,
                false
            ) as is_new
        from deals
        where not is_contract
        window in_time as (partition by block order by start_day, deal)
    )
),

plans as (
    select
        block,
        chain,
        min(deal) as deal,
        min(start_day) as start_day,
        max(end_day) as end_day,
        bool_and(is_number_planned) as is_number_planned,
        arg_max(quantity, start_day) as quantity,
        max(measure) as measure
    from plan_chains
    group by block, chain
),

-- What is planned within a contract, and a plan that became one.
with_contracts as (
    select
        plans.*,
        case
            when
                plans.is_number_planned
                and plans.start_day - before.start_day <= 2920
                and before.measure = plans.measure
                and plans.quantity <= 1.05 * before.quantity
                then before.deal
            when
                after.start_day - plans.start_day <= 1100
                and coalesce(
                    after.quantity / plans.quantity between 0.5 and 2 or after.measure != plans.measure, true
                )
                then after.deal
            else plans.deal
        end as contract
    from plans
    asof left join (select * from deals where is_contract) as before
        on plans.block = before.block and plans.start_day >= before.start_day
    asof left join (select * from deals where is_contract) as after
        on plans.block = after.block and plans.start_day <= after.start_day
)

select
    islands.claim_id,
    coalesce(with_contracts.contract, deals.deal) as deal,
    islands.block,
    islands.day,
    islands.quantity,
    islands.measure,
    islands.value_amount,
    islands.value_currency,
    islands.stage
from islands
inner join deals using (block, figure, price, island)
left join plan_chains on deals.deal = plan_chains.deal
left join with_contracts on plan_chains.block = with_contracts.block and plan_chains.chain = with_contracts.chain
