{% test in_order(model, low, high) %}
select * from {{ model }} where {{ low }} > {{ high }}
{% endtest %}
