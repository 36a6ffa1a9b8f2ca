select
    person_id,
    actor_id,
    lower(title) as title,
    mode(person_name order by person_name) as person_name,
    min(published_on) filter (where is_current) as first_current_on,
    max(published_on) filter (where is_current) as last_current_on,
    min(published_on) filter (where not is_current) as first_former_on,
    arg_max(is_current, {'on': coalesce(published_on, date '0001-01-01'), 'is_current': is_current}) as is_current,
    count(distinct document_id) as n_documents
from {{ ref('affiliations') }}
group by person_id, actor_id, lower(title)
