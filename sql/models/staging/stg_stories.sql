select
    document_id,
    story_id,
    containment,
    jaccard,
    method
from {{ source('lake', 'stories') }}
