select
    weapon,
    category,
    coalesce(nullif(family, ''), weapon) as family
from {{ source('reference', 'weapons') }}
