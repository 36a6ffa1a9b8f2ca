select distinct
    source_uri,
    step,
    reason,
    detail
from {{ source('lake', 'rejects') }}
