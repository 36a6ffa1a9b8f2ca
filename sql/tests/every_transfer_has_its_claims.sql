select
    transfer.transfer_id,
    transfer.n_claims,
    count(link.claim_id) as n_links
from {{ ref('transfers') }} as transfer
left join {{ ref('transfer_claim_links') }} as link using (transfer_id)
group by transfer.transfer_id, transfer.n_claims, transfer.n_sources
having transfer.n_claims != count(link.claim_id) or transfer.n_claims < 1 or transfer.n_sources < 1
