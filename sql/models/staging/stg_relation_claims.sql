select
    claim_id,
    extraction_key,
    document_id,
    subject_id,
    relation,
    object_id,
    status,
    factuality,
    date_start,
    date_end,
    date_precision,
    date_text,
    attribution,
    evidence,
    evidence_start,
    evidence_end,
    evidence_marks
from {{ source('lake', 'relation_claims') }}
qualify row_number() over (partition by claim_id, extraction_key) = 1
