select
    unit,
    holds
from {{ source('reference', 'units') }}
