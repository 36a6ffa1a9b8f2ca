with members as (
    select
        publisher_id,
        transfer_id,
        published_on,
        document_id,
        stance,
        min(published_on) over (partition by transfer_id) as first_on
    from {{ ref('int_transfer_members') }}
),

stances as (
    select
        transfer_id,
        count(distinct publisher_id) as n_outlets,
        count(distinct publisher_id) filter (where stance = 'asserts') as n_asserting,
        count(distinct publisher_id) filter (where stance = 'denies') as n_denying
    from members
    group by transfer_id
),

shares as (
    select
        members.publisher_id,
        members.transfer_id,
        count(*) as n_claims,
        any_value(stances.n_outlets) as n_outlets,
        bool_or(members.published_on = members.first_on) as is_first,
        bool_or(members.stance = 'asserts') as asserts,
        bool_or(members.stance = 'denies') as denies,
        any_value(stances.n_asserting) as n_asserting,
        any_value(stances.n_denying) as n_denying
    from members
    inner join stances using (transfer_id)
    group by members.publisher_id, members.transfer_id
),

outlets as (
    select
        publisher_id,
        cast(sum(n_claims) as bigint) as n_claims,
        count(*) as n_transfers,
        count(*) filter (where n_outlets > 1) as n_shared,
        count(*) filter (where n_outlets > 1 and is_first) as n_first,
        count(*) filter (
            where (asserts and n_denying > denies::integer) or (denies and n_asserting > asserts::integer)
        ) as n_contradicted
    from shares
    group by publisher_id
),

documents as (
    select
        publisher_id,
        count(distinct document_id) as n_documents,
        min(published_on) as first_seen_on,
        max(published_on) as last_seen_on
    from members
    group by publisher_id
)

select
    outlets.publisher_id as outlet_id,
    coalesce(profile.name, outlets.publisher_id) as name,
    profile.country,
    documents.n_documents,
    outlets.n_claims,
    outlets.n_transfers,
    outlets.n_shared,
    outlets.n_first,
    outlets.n_contradicted,
    documents.first_seen_on,
    documents.last_seen_on
from outlets
inner join documents using (publisher_id)
left join {{ ref('int_actor_profiles') }} as profile on outlets.publisher_id = profile.actor_id
