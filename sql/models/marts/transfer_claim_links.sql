select
    transfer_id,
    claim_id
from {{ ref('int_transfer_groups') }}
