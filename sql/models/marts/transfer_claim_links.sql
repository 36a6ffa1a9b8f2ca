select
    member.transfer_id,
    member.claim_id,
    member.stance,
    member.is_basis,
    nullif(
        concat_ws(
            ';',
            case when member.is_anchor then 'transfer_id' end,
            case when member.claim_id = transfer.status_claim_id then 'status' end,
            case when member.claim_id = transfer.quantity_low_claim_id then 'quantity_low' end,
            case when member.claim_id = transfer.quantity_high_claim_id then 'quantity_high' end
        ),
        ''
    ) as sets,
    member.independent_source,
    member.publisher_id,
    member.told_by
from {{ ref('int_transfer_members') }} as member
inner join {{ ref('transfers') }} as transfer using (transfer_id)
