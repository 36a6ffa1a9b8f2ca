select 'transfers' as mart, transfer_id as row_key
from {{ ref('transfers') }}
anti join {{ ref('transfer_claim_links') }} using (transfer_id)

union all
select 'transfer_timeline' as mart, transfer_id as row_key
from {{ ref('transfer_timeline') }}
anti join {{ ref('transfer_claim_links') }} using (transfer_id, claim_id)

union all
select 'bilateral_flows' as mart, concat_ws(' ', supplier_id, recipient_id, category, year) as row_key
from {{ ref('bilateral_flows') }} as flow
where
    not exists (
        select 1
        from {{ ref('transfers') }} as transfer
        where
            transfer.supplier_party_id = flow.supplier_id
            and transfer.recipient_party_id = flow.recipient_id
            and transfer.category = flow.category
            and transfer.year = flow.year
    )

union all
select 'network_edges' as mart, concat_ws(' ', source, target) as row_key
from {{ ref('network_edges') }} as edge
where
    not exists (
        select 1
        from {{ ref('bilateral_flows') }} as flow
        where flow.supplier_id = edge.source and flow.recipient_id = edge.target
    )

union all
select 'outlets' as mart, outlet_id as row_key
from {{ ref('outlets') }} as outlet
where not exists (select 1 from {{ ref('transfer_claim_links') }} as link where link.publisher_id = outlet.outlet_id)

union all
select 'weapons' as mart, concat_ws(' ', weapon, user_id) as row_key
from {{ ref('weapons') }} as weapon
where
    not exists (
        select 1
        from {{ ref('int_transfer_members') }} as member
        where
            member.weapon = weapon.weapon
            and coalesce(member.recipient_shown, member.recipient_party) = weapon.user_id
    )

union all
select 'actor_relations' as mart, concat_ws(' ', subject_id, relation, object_id) as row_key
from {{ ref('actor_relations') }}
anti join {{ ref('relation_claims') }} using (subject_id, relation, object_id)

union all
select 'actor_relations_by_month' as mart, concat_ws(' ', subject_id, relation, object_id) as row_key
from {{ ref('actor_relations_by_month') }}
anti join {{ ref('relation_claims') }} using (subject_id, relation, object_id)

union all
select 'affiliation_periods' as mart, concat_ws(' ', person_id, actor_id, title) as row_key
from {{ ref('affiliation_periods') }}
anti join {{ ref('affiliations') }} using (person_id, actor_id)

union all
select 'actors' as mart, actor_id as row_key
from {{ ref('actors') }}
anti join {{ ref('int_actor_references') }} using (actor_id)
