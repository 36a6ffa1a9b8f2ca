with claims as (
    select
        claim.subject_id,
        claim.relation,
        claim.object_id,
        claim.document_id,
        claim.published_on,
        sources.stance,
        sources.independent_source,
        sources.stance_rank = min(sources.stance_rank) over (
            partition by claim.subject_id, claim.relation, claim.object_id
        ) as is_basis
    from {{ ref('relation_claims') }} as claim
    inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
)

select
    subject_id,
    relation,
    object_id,
    count(*) as n_claims,
    count(distinct independent_source) filter (where is_basis) as n_sources,
    min(published_on) as first_reported_on,
    max(published_on) as last_reported_on,
    count(*) filter (where stance = 'denies') as n_denials,
    count(distinct document_id) as n_documents
from claims
group by subject_id, relation, object_id
