"""How every form of the site is drawn: `{{ form }}` and `{{ field.as_field_group }}` give our own markup."""

from django.forms.renderers import TemplatesSetting


class SiteFormRenderer(TemplatesSetting):
    form_template_name = "_form.html"
    field_template_name = "_field.html"
