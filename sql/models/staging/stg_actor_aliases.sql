select
    alias,
    actor_id
from {{ source('reference', 'actor_aliases') }}
