with claims as (
    select
        claim_id,
        coalesce(supplier_id, recipient_id) is not null
        and review is distinct from 'rejected'
        and (
            confidence is null
            or confidence >= {{ var('least_confidence') }}
            or review in ('confirmed', 'corrected')
        ) as counts
    from {{ ref('transfer_claims') }}
)

select
    claims.claim_id,
    count(link.transfer_id) as n_transfers
from claims
left join {{ ref('transfer_claim_links') }} as link using (claim_id)
group by claims.claim_id, claims.counts
having count(link.transfer_id) != claims.counts::integer
