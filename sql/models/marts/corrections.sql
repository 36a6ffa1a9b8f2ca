with matched as (
    select
        decision.correction_id,
        decision.action,
        decision.transfer_label,
        matched.transfer_id as matched_id
    from {{ ref('int_corrections') }} as decision
    inner join {{ ref('int_transfer_groups') }} as matched using (claim_id)
),

-- How much there was to do: transfers that a merge ties together, and what a split leaves behind.
tied as (
    select
        transfer_label,
        count(distinct matched_id) as n_transfers
    from matched
    where action = 'merge_transfers'
    group by transfer_label
),

parted as (
    select
        matched.matched_id,
        matched.transfer_label,
        count(distinct matched.correction_id) < count(distinct member.claim_id) as leaves_some
    from matched
    inner join {{ ref('int_transfer_groups') }} as member on matched.matched_id = member.transfer_id
    where matched.action = 'split_claims'
    group by matched.matched_id, matched.transfer_label
)

select
    decision.correction_id,
    decision.action,
    decision.claim_id,
    link.transfer_id,
    decision.field,
    decision.value,
    decision.original_value,
    decision.transfer_label,
    decision.decided_by,
    decision.decided_at,
    decision.reason,
    decision.decided_claim_id,
    case decision.action
        when 'set_field'
            then case
                when decision.field in ('quantity_low', 'quantity_high', 'value_amount')
                    then try_cast(decision.value as double) is distinct from try_cast(decision.original_value as double)
                else decision.value is distinct from decision.original_value
            end
        when 'merge_transfers' then coalesce(tied.n_transfers > 1, false)
        when 'split_claims' then coalesce(parted.leaves_some, false)
        else true
    end as is_applied
from {{ ref('int_corrections') }} as decision
left join {{ ref('transfer_claim_links') }} as link using (claim_id)
left join matched using (correction_id)
left join tied on decision.action = 'merge_transfers' and decision.transfer_label = tied.transfer_label
left join parted
    on
        decision.action = 'split_claims'
        and matched.matched_id = parted.matched_id
        and decision.transfer_label = parted.transfer_label
