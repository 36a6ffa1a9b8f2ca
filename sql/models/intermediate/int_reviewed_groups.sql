with recursive decisions as (
    select
        action,
        claim_id,
        transfer_label
    from {{ ref('int_corrections') }}
    where action in ('split_claims', 'merge_transfers')
),

-- First what is split off stands by itself, under its label.
split as (
    select
        matched.transfer_id,
        matched.claim_id,
        coalesce('split ' || decisions.transfer_label, matched.transfer_id) as cluster
    from {{ ref('int_transfer_groups') }} as matched
    left join decisions
        on matched.claim_id = decisions.claim_id and decisions.action = 'split_claims'
    where matched.transfer_id in (
        select touched.transfer_id
        from {{ ref('int_transfer_groups') }} as touched
        inner join decisions using (claim_id)
    )
),

-- Then what bears one label is one, and so is what hangs together through several labels.
ties as (
    select distinct
        split.cluster,
        decisions.transfer_label
    from split
    inner join decisions using (claim_id)
    where decisions.action = 'merge_transfers'
),

reached (cluster, root) as (
    select cluster, cluster as root from ties
    union
    select
        other.cluster,
        reached.root
    from reached
    inner join ties as own using (cluster)
    inner join ties as other on own.transfer_label = other.transfer_label
),

merged as (
    select
        cluster,
        min(root) as root
    from reached
    group by cluster
),

regrouped as (
    select
        matched.*,
        coalesce(merged.root, split.cluster) as cluster,
        claim.published_on,
        sources.stance_rank
    from split
    inner join {{ ref('int_transfer_groups') }} as matched using (claim_id)
    inner join {{ ref('transfer_claims') }} as claim using (claim_id)
    inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
    left join merged using (cluster)
),

-- What is merged may be told under several names.
kinds as (
    select
        cluster,
        coalesce(
            mode(category order by category) filter (where category not in ('unspecified', 'funding')),
            mode(category order by category)
        ) as category,
        mode(weapon order by weapon) as weapon,
        mode(supplier_party order by supplier_party) as supplier_party,
        mode(recipient_party order by recipient_party) as recipient_party,
        -- The rule of `int_transfer_groups`: a transfer has its id from the claim published first.
        arg_min(claim_id, {'on': coalesce(published_on, date '9999-12-31'), 'claim_id': claim_id}) as anchor_id,
        min(stance_rank) as basis_rank
    from regrouped
    group by cluster
)

select
    left(md5(kinds.anchor_id), 16) as transfer_id,
    regrouped.claim_id,
    kinds.supplier_party,
    kinds.recipient_party,
    regrouped.supplier_shown,
    regrouped.recipient_shown,
    kinds.category,
    kinds.weapon,
    regrouped.claim_id = kinds.anchor_id as is_anchor,
    regrouped.stance_rank = kinds.basis_rank as is_basis
from regrouped
inner join kinds using (cluster)
union all
select
    transfer_id,
    claim_id,
    supplier_party,
    recipient_party,
    supplier_shown,
    recipient_shown,
    category,
    weapon,
    is_anchor,
    is_basis
from {{ ref('int_transfer_groups') }}
anti join split using (claim_id)
