select
    actor_id,
    name,
    kind,
    nullif(country, '') as country
from {{ source('reference', 'actors') }}
