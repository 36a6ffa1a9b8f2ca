with moments as (
    select
        transfer_id,
        published_on as reported_on,
        status,
        stance,
        quantity_low,
        quantity_high,
        quantity_unit,
        arg_min(factuality, doubt) as factuality,
        min(step) as step,
        min(date_start) as date_start,
        max(date_end) as date_end,
        max(value_amount) as value_amount,
        arg_max(value_currency, value_amount) as value_currency,
        count(*) as n_claims,
        count(distinct publisher_id) as n_outlets,
        min(claim_id) as claim_id
    from {{ ref('int_transfer_members') }}
    group by transfer_id, published_on, status, stance, quantity_low, quantity_high, quantity_unit
)

select
    transfer_id,
    row_number() over in_time as position,
    reported_on,
    status,
    stance,
    factuality,
    quantity_low,
    quantity_high,
    quantity_unit,
    value_amount,
    value_currency,
    date_start,
    date_end,
    coalesce(
        stance = 'asserts'
        and step > coalesce(
            max(step) filter (where stance = 'asserts') over (
                partition by transfer_id order by reported_on nulls last, step nulls last, stance, claim_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ),
        false
    ) as is_advance,
    n_claims,
    n_outlets,
    claim_id
from moments
window in_time as (partition by transfer_id order by reported_on nulls last, step nulls last, stance, claim_id)
