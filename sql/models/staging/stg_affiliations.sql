select distinct
    affiliation_id,
    extraction_key,
    document_id,
    person_id,
    person_name,
    title,
    actor_id,
    is_current,
    evidence,
    evidence_start,
    evidence_end
from {{ source('lake', 'affiliations') }}
