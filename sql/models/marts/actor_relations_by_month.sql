with claims as (
    select
        claim.subject_id,
        claim.relation,
        claim.object_id,
        cast(date_trunc('month', claim.published_on) as date) as month,
        claim.document_id,
        sources.stance,
        sources.independent_source
    from {{ ref('relation_claims') }} as claim
    inner join {{ ref('int_claim_sources') }} as sources using (claim_id)
    where claim.published_on is not null
)

select
    subject_id,
    relation,
    object_id,
    month,
    count(*) as n_claims,
    count(distinct independent_source) as n_sources,
    count(*) filter (where stance = 'denies') as n_denials,
    count(distinct document_id) as n_documents
from claims
group by subject_id, relation, object_id, month
