with referred as (
    select
        actor_id,
        count(distinct claim_id) as n_claims,
        min(published_on) as first_seen_on,
        max(published_on) as last_seen_on
    from {{ ref('int_actor_references') }}
    group by actor_id
),

roles as (
    select
        actor_id,
        count(*) filter (where role = 'supplier') as n_transfers_as_supplier,
        count(*) filter (where role = 'recipient') as n_transfers_as_recipient
    from (
        select
            unnest([supplier_id, recipient_id]) as actor_id,
            unnest(['supplier', 'recipient']) as role
        from {{ ref('transfers') }}
    )
    group by actor_id
)

select
    referred.actor_id,
    coalesce(profile.name, referred.actor_id) as name,
    coalesce(profile.kind, 'other') as kind,
    profile.country,
    referred.n_claims,
    referred.first_seen_on,
    referred.last_seen_on,
    coalesce(roles.n_transfers_as_supplier, 0) as n_transfers_as_supplier,
    coalesce(roles.n_transfers_as_recipient, 0) as n_transfers_as_recipient
from referred
left join {{ ref('int_actor_profiles') }} as profile using (actor_id)
left join roles using (actor_id)
