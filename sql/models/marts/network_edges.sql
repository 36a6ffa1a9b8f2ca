select
    supplier_id as source,
    recipient_id as target,
    'Directed' as type,
    cast(sum(n_transfers) as bigint) as weight,
    cast(sum(n_delivered) as bigint) as n_delivered,
    cast(sum(n_claims) as bigint) as n_claims,
    string_agg(distinct category, ';' order by category) as categories,
    min(year) as first_year,
    max(year) as last_year
from {{ ref('bilateral_flows') }}
group by supplier_id, recipient_id
