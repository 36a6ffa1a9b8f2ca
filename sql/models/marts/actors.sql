with referred as (
    select
        actor_id,
        count(distinct claim_id) as n_claims,
        min(published_on) as first_seen_on,
        max(published_on) as last_seen_on
    from {{ ref('int_actor_references') }}
    group by actor_id
),

mentioned as (
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
    referred.actor_id,
    coalesce(known.name, mentioned.name, referred.actor_id) as name,
    coalesce(known.kind, mentioned.kind, 'other') as kind,
    case when known.actor_id is not null then known.country else mentioned.country end as country,
    referred.n_claims,
    referred.first_seen_on,
    referred.last_seen_on
from referred
left join {{ ref('stg_actors') }} as known using (actor_id)
left join mentioned using (actor_id)
