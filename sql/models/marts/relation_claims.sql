select
    claim.claim_id,
    claim.document_id,
    document.source_uri,
    document.published_on,
    claim.subject_id,
    claim.relation,
    claim.object_id,
    claim.status,
    claim.factuality,
    claim.date_start,
    claim.date_end,
    claim.date_precision,
    claim.date_text,
    claim.attribution,
    claim.evidence,
    claim.evidence_start,
    claim.evidence_end,
    claim.evidence_marks
from {{ ref('stg_relation_claims') }} as claim
inner join {{ ref('int_representatives') }} as document using (extraction_key)
