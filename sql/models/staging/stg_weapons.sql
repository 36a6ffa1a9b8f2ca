select
    weapon,
    coalesce(nullif(family, ''), weapon) as family
from {{ source('reference', 'weapons') }}
