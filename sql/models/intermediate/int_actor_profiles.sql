with mentioned as (
    select
        actor_id,
        name,
        kind,
        country
    from {{ ref('stg_actor_mentions') }}
    inner join {{ ref('int_representatives') }} using (extraction_key)
    group by actor_id, name, kind, country
    qualify row_number() over (
        partition by actor_id
        order by count(*) desc, name, kind, country nulls last
    ) = 1
)

select
    actor_id,
    name,
    kind,
    country
from {{ ref('stg_actors') }}
union all
select
    actor_id,
    name,
    kind,
    country
from mentioned
where actor_id not in (select known.actor_id from {{ ref('stg_actors') }} as known)
