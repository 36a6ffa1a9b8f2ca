select
    weapon,
    coalesce(recipient_shown, recipient_party) as user_id,
    any_value(category) as category,
    count(*) filter (where basis = 'inferred') as n_sightings,
    count(*) as n_claims,
    count(distinct independent_source) as n_sources,
    string_agg(distinct supplier_party, ';' order by supplier_party) as supplier_ids,
    string_agg(distinct origin_id, ';' order by origin_id) as origin_ids,
    min(published_on) as first_seen_on,
    max(published_on) as last_seen_on
from {{ ref('int_transfer_members') }}
where
    weapon is not null
    and recipient_party is not null
    and stance = 'asserts'
    and (basis = 'inferred' or status = 'delivered')
group by weapon, coalesce(recipient_shown, recipient_party)
