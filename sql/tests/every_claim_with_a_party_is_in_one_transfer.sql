select
    claim.claim_id,
    count(link.transfer_id) as n_transfers
from {{ ref('transfer_claims') }} as claim
left join {{ ref('transfer_claim_links') }} as link using (claim_id)
group by claim.claim_id, claim.supplier_id, claim.recipient_id
having count(link.transfer_id) != (coalesce(claim.supplier_id, claim.recipient_id) is not null)::integer
