select distinct
    extraction_key,
    document_id,
    actor_id,
    name,
    kind,
    nullif(country, '') as country
from {{ source('lake', 'actor_mentions') }}
