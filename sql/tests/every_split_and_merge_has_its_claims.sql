with decisions as (
    select
        decision.line,
        decision.action,
        decision.claim_id,
        decision.transfer_label,
        matched.transfer_id as matched_id,
        reviewed.transfer_id
    from {{ ref('int_corrections') }} as decision
    left join {{ ref('int_transfer_groups') }} as matched using (claim_id)
    left join {{ ref('int_reviewed_groups') }} as reviewed using (claim_id)
    where decision.action in ('split_claims', 'merge_transfers')
),

rejoined as (
    select distinct decisions.line
    from decisions
    inner join {{ ref('int_transfer_groups') }} as matched on decisions.matched_id = matched.transfer_id
    inner join {{ ref('int_reviewed_groups') }} as reviewed
        on matched.claim_id = reviewed.claim_id and decisions.transfer_id = reviewed.transfer_id
    where
        decisions.action = 'split_claims'
        and not exists (
            from decisions as other
            where
                other.action = 'split_claims'
                and other.claim_id = matched.claim_id
                and other.transfer_label = decisions.transfer_label
        )
)

select
    decisions.line,
    'corrections, line ' || decisions.line || ', ' || decisions.action || ' of claim ' || decisions.claim_id || ': '
    || case
        when decisions.transfer_id is null
            then 'the claim belongs to no transfer, for it names no party or its confidence is too low; confirm it too '
                || 'or delete the line'
        else 'a merge puts back together what this line splits; delete one of the two'
    end as message
from decisions
left join rejoined using (line)
where decisions.transfer_id is null or rejoined.line is not null
