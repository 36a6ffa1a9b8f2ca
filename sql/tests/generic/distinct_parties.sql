{% test distinct_parties(model, one, other) %}
select * from {{ model }} where {{ one }} = {{ other }}
{% endtest %}
